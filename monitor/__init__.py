"""The lookout: what the senses say, what it means, who must hear of it."""
