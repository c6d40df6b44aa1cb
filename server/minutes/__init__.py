"""Minutes on paper: layout, signing, verification."""

import logging

# both log a traceback for every odd signature they meet; what they find stands in our report or error instead,
# and a stranger's file must not fill the log
for _name in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)
