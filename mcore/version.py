"""Version of the converter; raised whenever the same model code may give another bundle than before."""

CONVERTER_VERSION = "1"
