"""The model repository. The package itself exports the base layers of the backend: ``from models import Conv2d``.

Ready networks are in ``models.networks``, what they are made of in the other sub-packages; none is imported from here.
"""

from mcore.layers import *  # noqa: F403
from mcore.layers import __all__ as __all__
