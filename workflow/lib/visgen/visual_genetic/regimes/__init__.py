"""Networks that learn to tell taxa apart, by a softmax head and by distances (Karaderi 2024)."""
