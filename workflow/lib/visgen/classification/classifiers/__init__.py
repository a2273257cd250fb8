"""Classifiers of features: methods, transforms, resampling and tuning."""
