using Acme._1.Contracts;
using NATS.Client.Core;
using NATS.Client.JetStream;

namespace Acme._1.Messaging.Nats;

/// <summary>Publishes to streams, and waits until the stream has the message.</summary>
internal sealed class NatsTransport(NatsConnector connector) : ITransport
{
    private const int MessageSizeExceedsMaximum = 10054;
    private const int HeaderSizeExceedsMaximum = 10097;

    public string System => "nats";

    public async Task SendAsync(Destination destination, Envelope envelope, CancellationToken cancellationToken)
    {
        if (KeptTopics.Contains(destination.Name))
        {
            throw new InvalidOperationException($"{destination.Name} is a log of events: append to it through the event store.");
        }

        var headers = NatsMessageHeaders.Create(EnvelopeHeaders.Write(envelope));
        var session = await GetSessionAsync(cancellationToken);
        EnsureFits(session.JetStream.Connection, headers, envelope.Data.Length);

        // The server drops what it has seen within its duplicate window; the inbox takes care of the rest.
        var subject = NatsNames.SubjectOf(destination.Name, envelope.Subject);
        await PublishAsync(session, destination.Name, subject, envelope.Id, headers, envelope.Data, cancellationToken);
    }

    /// <summary>Puts the copy of a message into the stream of a destination. Returns once the stream has confirmed it, or had it already.</summary>
    /// <param name="destination">The destination.</param>
    /// <param name="subject">Its name, or a subject below it.</param>
    /// <param name="deduplicationId">A message with an id that the stream has seen within its duplicate window is dropped.</param>
    /// <param name="headers">The headers; not to be used again.</param>
    /// <param name="body">The payload.</param>
    /// <param name="cancellationToken">Cancelled when waiting for the confirmation takes too long.</param>
    /// <exception cref="BrokerUnavailableException">There is no connection, or the server refused the message.</exception>
    /// <exception cref="MessageTooLargeException">It does not fit, and will not fit another time.</exception>
    public async Task PublishCopyAsync(
        string destination, string subject, string deduplicationId, NatsHeaders headers, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var session = await GetSessionAsync(cancellationToken);
        try
        {
            await PublishAsync(session, destination, subject, deduplicationId, headers, body, cancellationToken);
        }
        catch (MessageTooLargeException)
        {
            await PublishAsync(session, destination, subject, deduplicationId, NatsMessageHeaders.Shorten(headers), body, cancellationToken);
        }
    }

    /// <summary>The session to work with.</summary>
    /// <exception cref="BrokerUnavailableException">There was none until the token was cancelled.</exception>
    public async Task<NatsSession> GetSessionAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await connector.GetAsync(cancellationToken);
        }
        catch (OperationCanceledException exception) when (connector.Problem is { } problem)
        {
            throw new BrokerUnavailableException($"NATS is not available: {problem}", exception);
        }
    }

    /// <exception cref="MessageTooLargeException">The server would not take the message, or could not keep it when it has failed.</exception>
    public static void EnsureFits(INatsConnection connection, NatsHeaders headers, int size)
    {
        if (connection.ServerInfo is { } server)
        {
            var limit = server.MaxPayload - NatsMessageHeaders.SizeOf(headers) - NatsMessageHeaders.MaxFailureBytes;
            if (size > limit)
            {
                throw new MessageTooLargeException(size, limit);
            }
        }
    }

    /// <summary>True for what the client throws when the server is away, or does not answer as it should; waiting helps.</summary>
    public static bool IsConnectionProblem(Exception exception, CancellationToken cancellationToken) =>
        exception is NatsException or IOException or ObjectDisposedException

        // With a lost connection the client cancels what waits for it.
        || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested);

    private static async Task PublishAsync(
        NatsSession session,
        string destination,
        string subject,
        string deduplicationId,
        NatsHeaders headers,
        ReadOnlyMemory<byte> body,
        CancellationToken cancellationToken)
    {
        try
        {
            var confirmation = await session.JetStream.PublishAsync(
                subject,
                body,
                NatsRawSerializer<ReadOnlyMemory<byte>>.Default,
                new NatsJSPubOpts { MsgId = deduplicationId, ExpectedStream = NatsNames.StreamOf(destination) },
                headers,
                cancellationToken);

            if (confirmation.Error is { ErrCode: MessageSizeExceedsMaximum })
            {
                var stream = await session.JetStream.GetStreamAsync(NatsNames.StreamOf(destination), cancellationToken: cancellationToken);
                throw new MessageTooLargeException(body.Length, stream.Info.Config.MaxMsgSize - NatsMessageHeaders.SizeOf(headers));
            }

            if (confirmation.Error is { ErrCode: HeaderSizeExceedsMaximum })
            {
                // A stream takes 64 KiB of them. They grow by a failure, and where they are no UTF-8: by what stands for that.
                throw new MessageTooLargeException(NatsMessageHeaders.SizeOf(headers), NatsMessageHeaders.MaxBytes);
            }

            if (confirmation.Error is { } error)
            {
                throw new BrokerUnavailableException($"NATS refused a message for {subject}: {error.Description}.");
            }
        }
        catch (NatsPayloadTooLargeException)
        {
            // Refused by the client: had it been sent, the server would have closed the connection.
            throw new MessageTooLargeException(
                body.Length, session.JetStream.Connection.ServerInfo!.MaxPayload - NatsMessageHeaders.SizeOf(headers));
        }
        catch (Exception exception) when (IsConnectionProblem(exception, cancellationToken))
        {
            throw new BrokerUnavailableException($"NATS did not confirm a message for {subject}: {exception.Message}", exception);
        }
    }
}
