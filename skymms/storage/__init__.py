"""Durable tables in SQLite or PostgreSQL, for the ledger of broadcasts and for the inbox.

A :class:`~skymms.storage.contract.Store` runs statements in transactions. What is written in a transaction is on disk when the
transaction ends. SQLite needs nothing else; PostgreSQL needs the extra ``skymms[postgres]``. Both stores behave alike: the same
tests run against both.

In reading order:

- ``contract``: what a store does, and the SQL of a statement for each kind of store
- ``texts``: texts of a gateway as columns hold them, and the hashes of erased numbers
- ``migrations``: creates the tables of a component, and changes those of an older version
- ``connections``: one connection, used by threads in turn and never by a forked child
- ``file_systems``: recognises file systems that several machines share
- ``original``: recognises a copied or restored database file
- ``sqlite``: a store in a file
- ``postgres``: a store in a PostgreSQL database
- ``opening``: opens the store that a URL or a file name describes
"""
