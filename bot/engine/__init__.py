"""The engine: Rasa with the few components, patches and doors that the privacy desk adds to it.

Importing the package installs the TensorFlow stand-ins and turns Rasa's telemetry off, so that no module below can
import Rasa without them.
"""

import os

from bot.engine.without_tensorflow import install

os.environ["RASA_TELEMETRY_ENABLED"] = "false"
os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")
install()
