using System.Text;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Acme._1.Messaging.Kafka;

/// <summary>
/// Receives the answers to this process's requests, from a partition that it chose for as long as it lives. It belongs
/// to no group and commits nothing: it begins where the partition ends before the first request is sent.
/// </summary>
internal sealed partial class KafkaReplyReceiver : IAsyncDisposable
{
    private static readonly TimeSpan DelayAfterFailure = TimeSpan.FromSeconds(1);

    private readonly KafkaClients _clients;
    private readonly KafkaConnection _connection;
    private readonly IAdminClient _admin;
    private readonly PendingRequests _pending;
    private readonly MessagingOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger<KafkaReplyReceiver> _logger;

    private readonly KafkaReplyAddress _address;
    private readonly byte[] _key;
    private readonly SemaphoreSlim _starting = new(1);
    private readonly CancellationTokenSource _stopping = new();
    private TopicPartitionOffset _next = null!;
    private volatile Task? _receiving;

    public KafkaReplyReceiver(
        KafkaClients clients,
        KafkaConnection connection,
        IAdminClient admin,
        PendingRequests pending,
        IOptions<KafkaOptions> kafka,
        IOptions<MessagingOptions> messaging,
        TimeProvider clock,
        ILogger<KafkaReplyReceiver> logger)
    {
        _clients = clients;
        _connection = connection;
        _admin = admin;
        _pending = pending;
        _options = messaging.Value;
        _clock = clock;
        _logger = logger;
        _address = new(Random.Shared.Next(kafka.Value.Partitions), Guid.CreateVersion7().ToString("N"));
        _key = Encoding.UTF8.GetBytes(_address.Instance);
    }

    /// <summary>The address for requests. From now on, no answer that is sent to it is missed.</summary>
    /// <exception cref="BrokerUnavailableException">No broker says where the partition ends.</exception>
    public async ValueTask<KafkaReplyAddress> ListenAsync(CancellationToken cancellationToken)
    {
        if (_receiving is not null)
        {
            return _address;
        }

        await _starting.WaitAsync(cancellationToken);
        try
        {
            if (_receiving is null)
            {
                await _connection.ReadyAsync(cancellationToken);
                _next = await FindEndAsync(cancellationToken);
                _receiving = ReceiveAsync();
            }
        }
        finally
        {
            _starting.Release();
        }

        return _address;
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        if (_receiving is { } receiving)
        {
            await receiving;
        }

        _stopping.Dispose();
        _starting.Dispose();
    }

    private async Task<TopicPartitionOffset> FindEndAsync(CancellationToken cancellationToken)
    {
        var partition = new TopicPartition(KafkaTopology.Replies, _address.Partition);
        try
        {
            var end = await _admin
                .ListOffsetsAsync(
                    [new TopicPartitionOffsetSpec { TopicPartition = partition, OffsetSpec = OffsetSpec.Latest() }],
                    new ListOffsetsOptions { RequestTimeout = _options.PublishTimeout })
                .WaitAsync(cancellationToken);
            return new(partition, end.ResultInfos.Single().TopicPartitionOffsetError.Offset);
        }
        catch (KafkaException exception)
        {
            throw new BrokerUnavailableException($"Kafka did not answer: {exception.Error.Reason}", exception);
        }
    }

    private async Task ReceiveAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                // The client can only block: a thread of its own, for as long as the process lives.
                await Task.Factory.StartNew(Receive, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return;
            }
            catch (KafkaException exception)
            {
                LogInterrupted(exception);
                await Task.Delay(DelayAfterFailure, _clock, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private void Receive()
    {
        using var consumer = _clients.CreateReplyReader();
        consumer.Assign(_next);
        while (true)
        {
            var record = consumer.Consume(_stopping.Token);
            _next = new(record.TopicPartition, record.Offset + 1);
            if (record.Message.Key.AsSpan().SequenceEqual(_key))
            {
                _pending.Complete(KafkaHeaders.Read(record.Message.Headers), record.Message.Value);
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "Receiving answers was interrupted, starting again where it stopped")]
    private partial void LogInterrupted(Exception exception);
}
