"""The privacy desk: everything a shop promises about personal data, carried out in a chat."""
