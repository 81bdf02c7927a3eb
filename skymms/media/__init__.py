"""Media files, checked before they are sent.

In reading order:

- ``images``: whether an image file is complete and undamaged
- ``inspection``: fetches a slideshow's files as the gateway does, and reports what it would refuse
"""
