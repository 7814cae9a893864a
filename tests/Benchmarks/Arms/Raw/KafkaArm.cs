using System.Reflection;
using System.Text;
using System.Threading.Channels;
using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace MqService.Benchmarks.Arms;

/// <summary>
/// Confluent.Kafka as one would tune it by hand: an idempotent producer that waits for all replicas; a consumer thread, workers for
/// its records, and each second a commit of what is done up to there, never of what is not.
/// </summary>
internal sealed class KafkaArm(ArmSettings settings) : ArmBase
{
    private const string Topic = "raw.orders";

    private static readonly TimeSpan CommitInterval = TimeSpan.FromSeconds(1);

    private IProducer<string, byte[]>? producer;

    public override Assembly Client => typeof(IClient).Assembly;

    public override async Task StartPublisherAsync()
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = settings.ConnectionString }).Build();
        try
        {
            await admin.CreateTopicsAsync([new TopicSpecification { Name = Topic, NumPartitions = settings.Partitions }]);
        }
        catch (CreateTopicsException exception) when (exception.Results.All(result => result.Error.Code is ErrorCode.TopicAlreadyExists))
        {
            // The scenario before created it.
        }

        producer = new ProducerBuilder<string, byte[]>(new ProducerConfig
        {
            BootstrapServers = settings.ConnectionString,
            Acks = Acks.All,
            EnableIdempotence = true,
            LingerMs = 0,
        }).Build();
    }

    public override async Task PublishAsync(string orderId, string sku)
    {
        var message = new Message<string, byte[]> { Key = orderId, Value = Order.Write(orderId, sku) };
        foreach (var (name, value) in Order.HeadersOf(orderId))
        {
            (message.Headers ??= []).Add(name, Encoding.UTF8.GetBytes(value));
        }

        await producer!.ProduceAsync(Topic, message);
    }

    protected override ValueTask StopPublisherAsync()
    {
        producer?.Dispose();
        return ValueTask.CompletedTask;
    }

    protected override Task<IAsyncDisposable> OpenConsumerAsync(Tally tally) => Task.FromResult<IAsyncDisposable>(
        new Reading(stopping => Task.Factory.StartNew(
            () => Consume(tally, stopping), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)).Start());

    private void Consume(Tally tally, CancellationToken stopping)
    {
        var records = Channel.CreateBounded<ConsumeResult<string, byte[]>>(settings.Prefetch);
        var watermarks = new Dictionary<TopicPartition, Watermark>();
        var working = Workers.RunAsync(settings.Concurrency, async () =>
        {
            await foreach (var record in records.Reader.ReadAllAsync(CancellationToken.None))
            {
                await tally.HandleAsync(Order.Read(record.Message.Value).OrderId);
                lock (watermarks)
                {
                    watermarks[record.TopicPartition].Complete(record.Offset.Value);
                    Monitor.PulseAll(watermarks);
                }
            }
        });

        using var consumer = new ConsumerBuilder<string, byte[]>(new ConsumerConfig
        {
            BootstrapServers = settings.ConnectionString,
            GroupId = Topic,
            AutoOffsetReset = AutoOffsetReset.Earliest,
            EnableAutoCommit = false,
            EnableAutoOffsetStore = false,
        })
        .SetPartitionsRevokedHandler((c, _) => GiveBack(c))
        .Build();

        consumer.Subscribe(Topic);
        var lastCommit = DateTime.UtcNow;
        while (!stopping.IsCancellationRequested)
        {
            if (consumer.Consume(TimeSpan.FromMilliseconds(100)) is { } record)
            {
                lock (watermarks)
                {
                    if (!watermarks.TryGetValue(record.TopicPartition, out var watermark))
                    {
                        watermarks[record.TopicPartition] = watermark = new();
                    }

                    watermark.Take(record.Offset.Value);
                }

                if (!records.Writer.TryWrite(record))
                {
                    records.Writer.WriteAsync(record, CancellationToken.None).AsTask().GetAwaiter().GetResult();
                }
            }

            if (DateTime.UtcNow - lastCommit > CommitInterval)
            {
                Commit(consumer);
                lastCommit = DateTime.UtcNow;
            }
        }

        records.Writer.Complete();
        working.GetAwaiter().GetResult();
        Commit(consumer);
        consumer.Close();

        // What was taken is done and committed first, or whoever gets the partitions handles it again.
        void GiveBack(IConsumer<string, byte[]> revoked)
        {
            lock (watermarks)
            {
                while (watermarks.Values.Any(watermark => watermark.IsBusy))
                {
                    Monitor.Wait(watermarks);
                }

                Commit(revoked);
                watermarks.Clear();
            }
        }

        void Commit(IConsumer<string, byte[]> committing)
        {
            lock (watermarks)
            {
                var done = watermarks.Where(w => w.Value.HasMoved).Select(w => new TopicPartitionOffset(w.Key, w.Value.Next())).ToList();
                if (done.Count > 0)
                {
                    committing.Commit(done);
                }
            }
        }
    }

    /// <summary>Up to where all records of a partition are done.</summary>
    private sealed class Watermark
    {
        private readonly Queue<long> taken = [];
        private readonly HashSet<long> done = [];
        private long next;

        public bool HasMoved { get; private set; }

        public bool IsBusy => taken.Count > 0;

        public void Take(long offset) => taken.Enqueue(offset);

        public void Complete(long offset)
        {
            done.Add(offset);
            while (taken.TryPeek(out var first) && done.Remove(first))
            {
                next = taken.Dequeue() + 1;
                HasMoved = true;
            }
        }

        /// <summary>The offset to commit.</summary>
        public long Next()
        {
            HasMoved = false;
            return next;
        }
    }
}
