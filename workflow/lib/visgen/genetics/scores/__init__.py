"""How well sequences tell taxa apart, and how far trees agree."""
