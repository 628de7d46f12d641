"""AMQP 0-9-1 as RabbitMQ speaks it: connections, publishing, consuming, dead letters."""
