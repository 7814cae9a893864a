using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Acme._1.Contracts;
using Confluent.Kafka;

namespace Acme._1.Tests;

/// <summary>A client of its own, independent of the one under test.</summary>
internal sealed partial class Wire(string servers, IProducer<Null, byte[]> producer) : IWire
{
    /// <summary>How large a message may be is for the broker to say, not for this client.</summary>
    private const int MessageMaxBytes = 100_000_000;

    public static Task<IWire> CreateAsync(BrokerServer server, IServiceProvider _)
    {
        var config = new ProducerConfig { BootstrapServers = server.ConnectionString, MessageMaxBytes = MessageMaxBytes };
        return Task.FromResult<IWire>(new Wire(server.ConnectionString, new ProducerBuilder<Null, byte[]>(config).Build()));
    }

    public Task SendAsync(Destination destination, WireMessage message, CancellationToken cancellationToken)
    {
        var headers = new Headers();
        foreach (var (name, value) in message.Headers)
        {
            headers.Add(name, Encoding.UTF8.GetBytes(value));
        }

        return producer.ProduceAsync(destination.Name, new() { Value = message.Body, Headers = headers }, cancellationToken);
    }

    public Task<IAsyncDisposable> ObserveAsync<T>(Action<T> observer, CancellationToken cancellationToken)
        where T : class =>
        Task.FromResult<IAsyncDisposable>(new Subscription<T>(servers, observer));

    public ValueTask DisposeAsync()
    {
        producer.Dispose();
        return ValueTask.CompletedTask;
    }

    private sealed class Subscription<T> : IAsyncDisposable
        where T : class
    {
        private readonly IConsumer<Ignore, byte[]> _consumer;
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _running;

        public Subscription(string servers, Action<T> observer)
        {
            var config = new ConsumerConfig { BootstrapServers = servers, GroupId = $"tests-{Guid.NewGuid()}", EnableAutoCommit = false };
            _consumer = new ConsumerBuilder<Ignore, byte[]>(config).Build();

            // From where the topic ends now, whatever is sent before the consumer has begun to fetch.
            using var admin = new DependentAdminClientBuilder(_consumer.Handle).Build();
            var topic = admin.GetMetadata(MessageTypes.Of(typeof(T)).Destination.Name, TimeSpan.FromSeconds(10)).Topics.Single();
            _consumer.Assign(topic.Partitions.Select(partition => new TopicPartition(topic.Topic, partition.PartitionId)).Select(partition =>
                new TopicPartitionOffset(partition, _consumer.QueryWatermarkOffsets(partition, TimeSpan.FromSeconds(10)).High)));
            _running = Task.Run(() => Receive(observer));
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _running;
            _consumer.Dispose();
            _stop.Dispose();
        }

        private void Receive(Action<T> observer)
        {
            while (!_stop.IsCancellationRequested)
            {
                if (_consumer.Consume(TimeSpan.FromMilliseconds(100)) is { } record)
                {
                    observer(JsonSerializer.Deserialize(record.Message.Value, (JsonTypeInfo<T>)MessageTypes.Of(typeof(T)).Json)!);
                }
            }
        }
    }
}
