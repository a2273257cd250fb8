"""Cross-modal alignment: image embeddings drawn towards the anchors of their taxa."""
