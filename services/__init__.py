"""The five services, and what every service is given."""

import warnings

# eventlet announces its own retirement at every import; Nameko 2 is built on it
warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
