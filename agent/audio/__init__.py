"""Audio as samples: formats, resampling, WAV."""
