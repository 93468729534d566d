"""What the noxfile and the hooks run: small scripts over every package found."""
