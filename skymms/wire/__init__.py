"""The wire: encodes operations as documents, and decodes documents to replies and notices.

In reading order:

- ``codecs``: XML, JSON, query strings and multipart forms, one module each
- ``repair``: replaces characters that XML or JSON cannot hold, in postbacks
- ``forms``: finds the document of a postback in a form
- ``classes``: mappings that import a class only when it is used
- ``notation``: how the table names a field in a document, and how values become text
- ``encoder``: from a value to a document
- ``decoder``: from a document to a value
- ``table``: the table: one row for each field, one column for each dialect
- ``gateway_traits``: what a gateway adds to its responses and postbacks, which the sandbox writes
- ``former_names``: the names before today's, which some gateways still expect
- ``dialects``: the four dialects: their columns, codecs and addresses
- ``legacy_status``: the status of delivery reports of before 2013-11
- ``placement``: where a request has its document: in the URL, in a form field, or as the body
- ``prepared``: messages that are validated and encoded once and sent to many recipients
- ``responses``: from an HTTP response to a reply or an error
- ``schemas``: checks documents against the XSD schemas
"""
