"""The wire: how values become documents and documents become values.

In reading order:

- ``codecs``: XML, JSON, query strings and multipart forms, one file each
- ``notation``: how the table names a field on the wire, and how values become text
- ``encoder``: from a value to a document
- ``decoder``: from a document to a value
- ``table``: the table: one row per field, one column per dialect
- ``template``: a request with everything filled in except the message
- ``dialects``: the four dialects: their columns, codecs and addresses
- ``envelope``: how a document travels: in the URL, in a form field, or as the body
- ``prepared``: validates and encodes one kind of operation for an account
- ``responses``: errors for responses that do not follow the protocol
- ``schemas``: checks documents against the XSD schemas
"""
