"""Files both ways: ``file:folder`` reads the files of a folder, or writes messages into it (Camel's file component)."""

from adapters.file.component import FileComponent

__all__ = ["FileComponent"]
