"""Values: slideshows, operations, replies and notices. They hold data and do no I/O.

In reading order:

- ``declarations``: the classes that can be stored as JSON, and the types that their fields declare
- ``plain_values``: texts, numbers, dates and bytes as JSON
- ``serialization``: values as dicts that JSON can hold, and back
- ``serializable``: the base class that gives values ``to_dict()`` and ``from_dict()``
- ``merge_fields``: parses merge fields such as ``{first_name|you}`` in a text
- ``notebook``: shows slideshows and operations in notebooks
- ``slideshow``: the fluent builder of a multimedia message
- ``replies``: the gateway's response to sending, and the refusal of any operation
- ``operations``: the base class of operations, and sendMMS
- ``stored_replies``: the gateway's responses to saving, listing and deleting slideshows
- ``stored_operations``: saving, sending, listing and deleting stored slideshows
- ``action_replies``: the gateway's responses to the operations that only Skycore 1.3 has
- ``actions``: the operations that only Skycore 1.3 has
- ``notices``: postbacks: delivery reports and inbound messages
- ``message_state``: the state of a message: a function of the set of notices about it
"""
