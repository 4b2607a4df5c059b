from .saying import say, say_with, titled, word

__all__ = ["say", "say_with", "titled", "word"]
