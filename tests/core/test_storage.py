"""Addresses, markers and local views, on disk and on a file system of fsspec."""
