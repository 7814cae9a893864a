using System.Collections.Concurrent;
using System.Text.Json;
using System.Threading.RateLimiting;
using Acme._1.Contracts;
using Acme._1.Messaging.Kafka;
using Confluent.Kafka;
using MassTransit;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Acme._1.Messaging;

/// <summary>
/// Produces to the topic of a message's contract, and returns only when every in-sync replica has the message.
/// MassTransit's producers know their message type at compile time, and go by what the topic is called.
/// </summary>
public sealed class ConfirmedPublisher : IHostedService, IAsyncDisposable
{
    /// <summary>More than are ever published at once: whoever takes as many is alone.</summary>
    private const int All = 1_000_000;

    private readonly ConcurrentDictionary<Type, Topic> _topics = [];

    private readonly ConcurrencyLimiter _places = new(
        new() { PermitLimit = All, QueueLimit = int.MaxValue, QueueProcessingOrder = QueueProcessingOrder.OldestFirst });

    private bool _hasStopped;

    private readonly Func<ITopicProducerProvider> _rider;
    private readonly KafkaConnection _connection;
    private readonly MessagingOptions _options;

    /// <param name="rider">There is none before MassTransit has started; until then this throws.</param>
    /// <param name="connection">Knows what is wrong.</param>
    /// <param name="options">The limits.</param>
    internal ConfirmedPublisher(Func<ITopicProducerProvider> rider, KafkaConnection connection, IOptions<MessagingOptions> options)
    {
        _rider = rider;
        _connection = connection;
        _options = options.Value;
    }

    public Task PublishAsync(object message, string messageId, CancellationToken cancellationToken) =>
        PublishAsync(message, messageId, subject: null, cancellationToken);

    /// <param name="message">The message: its contract says where it goes.</param>
    /// <param name="messageId">Its id, and its key: the same message sent twice is handled one after the other.</param>
    /// <param name="subject">What subscribers of a topic can choose by.</param>
    /// <param name="cancellationToken">Ends the wait; the message may have been sent nevertheless.</param>
    /// <exception cref="BrokerUnavailableException">No confirmation within <see cref="MessagingOptions.PublishTimeout"/>.</exception>
    /// <exception cref="MessageTooLargeException">The message has more than <see cref="MessagingOptions.MaxMessageBytes"/>, or than its topic takes.</exception>
    public async Task PublishAsync(object message, string messageId, string? subject, CancellationToken cancellationToken)
    {
        var type = MessageTypes.Of(message.GetType());
        var size = JsonSerializer.SerializeToUtf8Bytes(message, type.Json).Length;
        if (size > _options.MaxMessageBytes)
        {
            throw new MessageTooLargeException(size, _options.MaxMessageBytes);
        }

        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(_options.PublishTimeout);
        try
        {
            using var place = await _places.AcquireAsync(1, timeout.Token);

            // Sent to a topic that does not exist yet, it might be created with the broker's settings instead of ours.
            await _connection.ReadyAsync(timeout.Token);

            // Not every way of waiting inside MassTransit listens to the token.
            await _topics.GetOrAdd(type.Json.Type, TopicOf).ProduceAsync(message, messageId, subject, timeout.Token).WaitAsync(timeout.Token);
        }
        catch (KafkaException exception) when (exception.Error.Code is ErrorCode.MsgSizeTooLarge)
        {
            // Headers count, too: it is over the topic's limit although the payload is not over ours.
            throw new MessageTooLargeException(size, _options.MaxMessageBytes);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new BrokerUnavailableException(
                _connection.Problem is { } problem ? $"Kafka is not connected: {problem}"
                : exception is OperationCanceledException ? $"Kafka did not confirm message {messageId} within {_options.PublishTimeout}."
                : $"Kafka did not take message {messageId}: {exception.Message}",
                exception);
        }
    }

    Task IHostedService.StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>
    /// Before the rider stops: it disposes of its producer without regard to who is using it, and the thread that is just then
    /// inside the client never comes back. Waits for what is being published, and holds back the rest for good: an outbox keeps it.
    /// </summary>
    async Task IHostedService.StopAsync(CancellationToken cancellationToken)
    {
        // A host may be told to stop more than once.
        if (!Interlocked.Exchange(ref _hasStopped, true))
        {
            await _places.AcquireAsync(All, cancellationToken);
        }
    }

    public ValueTask DisposeAsync() => _places.DisposeAsync();

    private Topic TopicOf(Type type) => (Topic)Activator.CreateInstance(typeof(Topic<>).MakeGenericType(type), _rider())!;

    private abstract class Topic
    {
        public abstract Task ProduceAsync(object message, string messageId, string? subject, CancellationToken cancellationToken);
    }

    private sealed class Topic<T>(ITopicProducerProvider producers) : Topic
        where T : class
    {
        private readonly ITopicProducer<string, T> _producer =
            producers.GetProducer<string, T>(new Uri($"topic:{MessageTypes.Of(typeof(T)).Destination.Name}"));

        public override Task ProduceAsync(object message, string messageId, string? subject, CancellationToken cancellationToken) => _producer.Produce(
            messageId,
            (T)message,
            Pipe.Execute<KafkaSendContext<string, T>>(context =>
            {
                context.SetMessageId(messageId);

                // The rider has no envelope that would say it, and a topic holds more than one version.
                context.Headers.Set(MessageHeaders.MessageType, MessageUrn.ForTypeString<T>());
                if (subject is not null)
                {
                    context.Headers.Set(KafkaHeaders.Subject, subject);
                }
            }),
            cancellationToken);
    }
}
