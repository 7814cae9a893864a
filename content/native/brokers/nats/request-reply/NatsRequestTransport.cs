using System.Collections.Concurrent;
using System.Threading.Channels;
using Acme._1.Contracts;
using NATS.Client.Core;

namespace Acme._1.Messaging.Nats;

/// <summary>
/// One subscription receives the answers to all requests of this process: each request has an address of its own below
/// one inbox, so that an answer needs neither a subscription of its own nor a header to find its way.
/// </summary>
internal sealed class NatsRequestTransport(NatsTransport transport, PendingRequests pending) : IRequestTransport, IAsyncDisposable
{
    private const string SentSuffix = ".sent";

    /// <summary>Whether the request that is sent from this address has found somebody.</summary>
    private readonly ConcurrentDictionary<string, TaskCompletionSource<bool>> _sending = new();

    private readonly SemaphoreSlim _opening = new(1);
    private INatsSub<byte[]>? _inbox;
    private string _address = string.Empty;
    private Task _receiving = Task.CompletedTask;

    public async Task SendRequestAsync(Destination destination, Envelope request, CancellationToken cancellationToken)
    {
        var connection = (await transport.GetSessionAsync(cancellationToken)).JetStream.Connection;
        var headers = NatsMessageHeaders.Create(request);
        NatsTransport.EnsureFits(connection, headers, request.Data.Length);

        await OpenInboxAsync(connection, cancellationToken);
        var address = $"{_address}.{request.CorrelationId}";
        var sent = _sending[address] = new(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            await PublishAsync(connection, destination.Name, request.Data, headers, address, cancellationToken);

            // The server says at once if nobody listens, and never says that somebody does. But it delivers in order: when
            // this is back and the other is not, the request is on its way.
            await connection.PublishAsync($"{address}{SentSuffix}", cancellationToken: cancellationToken);
            if (!await sent.Task.WaitAsync(cancellationToken))
            {
                throw new NoResponderException(destination.Name);
            }
        }
        catch (Exception exception) when (NatsTransport.IsConnectionProblem(exception, cancellationToken))
        {
            throw new BrokerUnavailableException($"NATS did not take the request: {exception.Message}", exception);
        }
        finally
        {
            _sending.TryRemove(address, out _);
        }
    }

    public async Task SendReplyAsync(string replyTo, Envelope reply, CancellationToken cancellationToken)
    {
        var connection = (await transport.GetSessionAsync(cancellationToken)).JetStream.Connection;
        var headers = NatsMessageHeaders.Create(reply);
        try
        {
            await PublishAsync(connection, replyTo, reply.Data, headers, replyTo: null, cancellationToken);
        }
        catch (NatsPayloadTooLargeException)
        {
            throw new MessageTooLargeException(reply.Data.Length, connection.ServerInfo!.MaxPayload - NatsMessageHeaders.SizeOf(headers));
        }
        catch (Exception exception) when (NatsTransport.IsConnectionProblem(exception, cancellationToken))
        {
            throw new BrokerUnavailableException($"NATS did not take the answer: {exception.Message}", exception);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_inbox is not null)
        {
            await _inbox.DisposeAsync();
        }

        await _receiving;
        _opening.Dispose();
    }

    private static ValueTask PublishAsync(
        INatsConnection connection,
        string subject,
        ReadOnlyMemory<byte> body,
        NatsHeaders headers,
        string? replyTo,
        CancellationToken cancellationToken) =>
        connection.PublishAsync(subject, body, headers, replyTo, NatsRawSerializer<ReadOnlyMemory<byte>>.Default, cancellationToken: cancellationToken);

    private async Task OpenInboxAsync(INatsConnection connection, CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _inbox) is not null)
        {
            return;
        }

        await _opening.WaitAsync(cancellationToken);
        try
        {
            if (_inbox is null)
            {
                // Not one of the client's own, which are for one answer each.
                _address = $"{connection.Opts.InboxPrefix}.{Guid.NewGuid():N}";

                // Waiting is right here: the reader is quick, and an answer that is dropped is a request that times out.
                var options = new NatsSubOpts { ChannelOpts = new() { FullMode = BoundedChannelFullMode.Wait } };
                var inbox = await connection.SubscribeCoreAsync<byte[]>($"{_address}.>", opts: options, cancellationToken: CancellationToken.None);
                _receiving = ReceiveAsync(inbox);
                Volatile.Write(ref _inbox, inbox);
            }
        }
        finally
        {
            _opening.Release();
        }
    }

    private async Task ReceiveAsync(INatsSub<byte[]> inbox)
    {
        await foreach (var message in inbox.Msgs.ReadAllAsync(CancellationToken.None))
        {
            if (message.HasNoResponders)
            {
                Complete(message.Subject, found: false);
            }
            else if (message.Subject.EndsWith(SentSuffix, StringComparison.Ordinal))
            {
                Complete(message.Subject[..^SentSuffix.Length], found: true);
            }
            else
            {
                pending.Complete(NatsMessageHeaders.Read(message.Headers), message.Data ?? []);
            }
        }

        void Complete(string address, bool found)
        {
            if (_sending.TryGetValue(address, out var sending))
            {
                sending.TrySetResult(found);
            }
        }
    }
}
