"""What the documentation takes from the code: reference pages, written anew for each build."""
