"""The inbox: postbacks are stored before they are answered, and each notice is handed to your functions at least once.

In reading order:

- ``schema``: the tables
- ``statements``: the SQL of receiving, for both kinds of store
- ``storing``: stores posts, and drops repeats
"""
