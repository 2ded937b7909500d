"""A class on an engine that is there already: settings for a hub, and the links that open the casebook."""
