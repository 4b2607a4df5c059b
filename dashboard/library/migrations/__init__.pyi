from . import upgrade as upgrade
