from .document import document
from .operations import ROWS, Operation, Row

__all__ = ["ROWS", "Operation", "Row", "document"]
