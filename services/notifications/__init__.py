"""What the outside is told of: webhooks, and their deliveries."""
