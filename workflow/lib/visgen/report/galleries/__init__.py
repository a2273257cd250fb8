"""Which specimens the page shows, and what is said beside their photographs."""
