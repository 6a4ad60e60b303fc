"""Edit tools for a drawn or found bone: each takes labels and returns the patch that would change them."""
