"""Checks media files before they are sent.

In reading order:

- ``images``: checks that an image file is complete and undamaged
- ``inspection``: fetches the files of a slideshow as the gateway does, and reports what the gateway would refuse
"""
