using Microsoft.Extensions.Hosting;

namespace Acme._1.Messaging.Kafka;

/// <summary>Opens the producer as soon as there are topics, instead of when there is something to send.</summary>
internal sealed class KafkaProducerOpener(KafkaConnection connection, KafkaProducer producer) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await connection.ReadyAsync(stoppingToken);
        producer.Open();
    }
}
