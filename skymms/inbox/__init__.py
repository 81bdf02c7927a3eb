"""The inbox: postbacks are stored before they are answered, and each notice is handed to your functions at least once.

In reading order:

- ``schema``: the tables
- ``statements``: the SQL, for both kinds of store
- ``storing``: stores posts, and drops repeats
- ``handlers``: your functions, by the kinds of notices that they get
- ``messages``: what is known about one message
- ``taking``: takes notices for handlers, and writes what became of them
- ``calling``: calls handlers in threads and on an event loop
- ``working``: the worker
"""
