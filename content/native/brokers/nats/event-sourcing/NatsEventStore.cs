using System.Buffers;
using System.Globalization;
using System.Runtime.CompilerServices;
using Acme._1.Messaging;
using Acme._1.Messaging.Nats;
using Microsoft.Extensions.Logging;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;

namespace Acme._1.EventStore;

/// <summary>
/// Events in JetStream: the topic's stream is the log of all events, and each account has a subject of its own in it. The
/// server appends to a subject only if its last message is the one that we saw, and that one says which version it is.
/// </summary>
internal sealed partial class NatsEventStore(
    NatsTransport transport, NatsConnector connector, EventAppender appender, ILogger<NatsEventStore> logger)
    : IEventStore
{
    private const int BatchSize = 256;
    private const int MessageNotFound = 10037;
    private const int WrongLastSequence = 10071;

    /// <summary>The same, as newer servers say it when they do not tell which sequence it is.</summary>
    private const int WrongLastSequenceConstant = 10164;

    private const string MessageId = "Nats-Msg-Id";

    /// <summary>How long a server may be silent while we read.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private static readonly string Topic = EventMessage.Log.Name;
    private static readonly string StreamName = NatsNames.StreamOf(Topic);

    private INatsJSStream? _log;

    public Task AppendAsync(string stream, long expectedVersion, NewEvent newEvent, CancellationToken cancellationToken)
    {
        if (!IsName(stream))
        {
            throw new ArgumentException($"'{stream}' is no name for a stream in NATS: use ASCII letters, digits, - and _.", nameof(stream));
        }

        return appender.AppendAsync(
            stream, newEvent, (envelope, inner) => AppendAsync(stream, expectedVersion, envelope, inner), cancellationToken);
    }

    public async Task<StoredEvent?> FindAsync(string stream, string eventId, CancellationToken cancellationToken)
    {
        if (!IsName(stream))
        {
            return null;
        }

        // The server knows ids for a limited time only, and does not find by them. Their headers are all that is read of the others.
        var place = 0UL;
        await foreach (var message in ReadMessagesAsync(SubjectOf(stream), first: 1, headersOnly: true, cancellationToken))
        {
            if (message.Headers?.TryGetValue(MessageId, out var id) == true && id == eventId)
            {
                place = message.Metadata!.Value.Sequence.Stream;
                break;
            }
        }

        if (place == 0)
        {
            return null;
        }

        var found = await AskAsync(async jetStream => await GetMessageAsync(jetStream, new() { Seq = place }, cancellationToken), cancellationToken)
            ?? throw new UnreadableEventException($"message {place} is gone from the log {StreamName}");
        return EventMessage.Read(found.Headers, found.Data, Position(place));
    }

    public async IAsyncEnumerable<StoredEvent> ReadAsync(
        string stream, long fromVersion, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var first = await AskAsync(jetStream => FindFirstAsync(jetStream, stream, fromVersion, cancellationToken), cancellationToken);
        if (first is null)
        {
            yield break;
        }

        await foreach (var stored in ReadEventsAsync(SubjectOf(stream), first.Value, cancellationToken))
        {
            if (stored.Version >= fromVersion)
            {
                yield return stored;
            }
        }
    }

    public IAsyncEnumerable<StoredEvent> ReadAllAsync(string? afterPosition, CancellationToken cancellationToken) => ReadEventsAsync(
        subject: null, afterPosition is null ? 1 : ulong.Parse(afterPosition, CultureInfo.InvariantCulture) + 1, cancellationToken);

    private async Task AppendAsync(string stream, long expectedVersion, Envelope envelope, CancellationToken cancellationToken)
    {
        var session = await transport.GetSessionAsync(cancellationToken);
        PubAckResponse confirmation;
        try
        {
            var head = await GetHeadAsync(session.JetStream, stream, cancellationToken);
            if (head.Version != expectedVersion)
            {
                throw new WrongExpectedVersionException(stream, expectedVersion);
            }

            var headers = NatsMessageHeaders.Create(EventMessage.WriteHeaders(envelope, stream, expectedVersion + 1));
            head.NextMark?.WriteTo(headers);
            NatsTransport.EnsureFits(session.JetStream.Connection, headers, envelope.Data.Length);
            confirmation = await session.JetStream.PublishAsync(
                SubjectOf(stream),
                envelope.Data,
                NatsRawSerializer<ReadOnlyMemory<byte>>.Default,
                new NatsJSPubOpts { MsgId = envelope.Id, ExpectedStream = StreamName, ExpectedLastSubjectSequence = head.Sequence },
                headers,
                cancellationToken);
            if (confirmation is { Error: null, Duplicate: true })
            {
                await RefuseDuplicateAsync(session.JetStream, stream, expectedVersion, envelope.Id, confirmation.Seq, cancellationToken);
            }
        }
        catch (Exception exception) when (NatsTransport.IsConnectionProblem(exception, cancellationToken))
        {
            throw new BrokerUnavailableException($"NATS did not confirm an event of {stream}: {exception.Message}", exception);
        }

        if (confirmation.Error is { ErrCode: WrongLastSequence or WrongLastSequenceConstant })
        {
            throw new WrongExpectedVersionException(stream, expectedVersion);
        }

        if (confirmation.Error is { } error)
        {
            throw new BrokerUnavailableException($"NATS refused an event of {stream}: {error.Description}.");
        }
    }

    /// <summary>
    /// The server has dropped the event, because it had one with this id in its duplicate window. That it did not look at the
    /// version before does no harm: whoever sent it first was here meanwhile.
    /// </summary>
    private async Task RefuseDuplicateAsync(
        INatsJSContext jetStream, string stream, long expectedVersion, string eventId, ulong sequence, CancellationToken cancellationToken)
    {
        var original = await GetMessageAsync(jetStream, new() { Seq = sequence }, cancellationToken);
        throw original?.Subject == SubjectOf(stream)
            ? new WrongExpectedVersionException(stream, expectedVersion)
            : new EventIdInUseException(eventId);
    }

    /// <summary>Where the stream ends.</summary>
    private async Task<Head> GetHeadAsync(INatsJSContext jetStream, string stream, CancellationToken cancellationToken)
    {
        if (await GetMessageAsync(jetStream, new() { LastBySubj = SubjectOf(stream) }, cancellationToken) is not { } last)
        {
            return new(Version: 0, Sequence: 0, Event: null, Mark: null);
        }

        if (EventMessage.TryReadPlace(last.Headers, out _, out var version))
        {
            return new(version, last.Sequence, Event: last.Sequence, Mark.Read(last.Headers));
        }

        // Somebody has published something else to this subject. The last event stands somewhere before it.
        var head = new Head(Version: 0, last.Sequence, Event: null, Mark: null);
        await foreach (var message in ReadMessagesAsync(SubjectOf(stream), first: 1, headersOnly: true, cancellationToken))
        {
            var headers = NatsMessageHeaders.Read(message.Headers);
            var sequence = message.Metadata!.Value.Sequence.Stream;
            if (sequence <= last.Sequence && EventMessage.TryReadPlace(headers, out _, out version))
            {
                head = head with { Version = version, Event = sequence, Mark = Mark.Read(headers) };
            }
        }

        return head;
    }

    /// <summary>A sequence from which on to look for the events that begin with this version, or null if there are none.</summary>
    private async Task<ulong?> FindFirstAsync(INatsJSContext jetStream, string stream, long fromVersion, CancellationToken cancellationToken)
    {
        if (!IsName(stream))
        {
            return null;
        }

        if (fromVersion <= 1)
        {
            return 1;
        }

        var head = await GetHeadAsync(jetStream, stream, cancellationToken);
        if (head.Version < fromVersion)
        {
            return null;
        }

        var mark = head.Mark;
        while (mark is not null && mark.Version > fromVersion)
        {
            mark = await GetMessageAsync(jetStream, new() { Seq = mark.Sequence }, cancellationToken) is { } marked ? Mark.Read(marked.Headers) : null;
        }

        return mark?.Sequence ?? 1;
    }

    private async IAsyncEnumerable<StoredEvent> ReadEventsAsync(
        string? subject, ulong first, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var message in ReadMessagesAsync(subject, first, headersOnly: false, cancellationToken))
        {
            var sequence = message.Metadata!.Value.Sequence.Stream;
            if (EventMessage.Read(NatsMessageHeaders.Read(message.Headers), message.Data, Position(sequence)) is { } stored)
            {
                yield return stored;
            }
            else
            {
                LogNoEvent(sequence, StreamName);
            }
        }
    }

    /// <summary>Reads the messages that are there now, of one subject or of all, oldest first.</summary>
    /// <exception cref="BrokerUnavailableException">NATS is away, or some of them did not arrive.</exception>
    private async IAsyncEnumerable<INatsJSMsg<ReadOnlyMemory<byte>>> ReadMessagesAsync(
        string? subject, ulong first, bool headersOnly, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var consumer = await AskAsync(
            async jetStream => await jetStream.CreateOrUpdateConsumerAsync(
                StreamName,
                new ConsumerConfig
                {
                    Name = $"read-{Guid.NewGuid():N}",
                    FilterSubject = subject,
                    DeliverPolicy = ConsumerConfigDeliverPolicy.ByStartSequence,
                    OptStartSeq = first,
                    AckPolicy = ConsumerConfigAckPolicy.None,
                    HeadersOnly = headersOnly,
                    MemStorage = true,
                    NumReplicas = 1,

                    // If this process does not get to delete it. A rebuild may pause in between.
                    InactiveThreshold = TimeSpan.FromMinutes(5),
                },
                cancellationToken),
            cancellationToken);
        try
        {
            var wanted = consumer.Info.NumPending;
            for (var read = 0UL; read < wanted;)
            {
                var before = read;
                var request = new NatsJSFetchOpts { MaxMsgs = (int)Math.Min(wanted - read, BatchSize), Expires = Patience };
                await foreach (var message in FetchAsync(consumer, request, cancellationToken))
                {
                    // Not acknowledged, so what gets lost on the way does not come again. But it is missed in the count.
                    if (message.Metadata?.Sequence.Consumer != ++read)
                    {
                        throw new BrokerUnavailableException($"NATS lost some of the messages of {StreamName} on their way.");
                    }

                    yield return message;
                }

                if (read == before)
                {
                    throw new BrokerUnavailableException($"NATS did not send all the messages of {StreamName}.");
                }
            }
        }
        finally
        {
            await DeleteAsync(consumer, cancellationToken);
        }
    }

    private async IAsyncEnumerable<INatsJSMsg<ReadOnlyMemory<byte>>> FetchAsync(
        INatsJSConsumer consumer, NatsJSFetchOpts request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // The client would wait for a lost connection as for a slow server.
        var session = await GetSessionAsync(cancellationToken);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(session.Ended, cancellationToken);
        await using var messages = consumer
            .FetchNoWaitAsync(request, NatsRawSerializer<ReadOnlyMemory<byte>>.Default, either.Token)
            .GetAsyncEnumerator(either.Token);
        while (await AskAsync(async _ => await messages.MoveNextAsync(), cancellationToken))
        {
            yield return messages.Current;
        }
    }

    /// <summary>Not waited for long: the server forgets it anyway.</summary>
    private async Task DeleteAsync(INatsJSConsumer consumer, CancellationToken cancellationToken)
    {
        try
        {
            await AskAsync(async jetStream => await jetStream.DeleteConsumerAsync(StreamName, consumer.Info.Name, cancellationToken), cancellationToken);
        }
        catch (Exception exception) when (exception is BrokerUnavailableException or OperationCanceledException)
        {
            LogNotDeleted(exception, consumer.Info.Name);
        }
    }

    /// <summary>One message, from the leader: a replica might be behind. Null if there is none.</summary>
    private async Task<LogMessage?> GetMessageAsync(INatsJSContext jetStream, StreamMsgGetRequest request, CancellationToken cancellationToken)
    {
        _log ??= await jetStream.GetStreamAsync(StreamName, cancellationToken: cancellationToken);
        try
        {
            var message = (await _log.GetAsync(request, cancellationToken)).Message;
            var headers = new NatsHeaders();
            if (message.Hdrs is { } encoded)
            {
                jetStream.Connection.HeaderParser.ParseHeaders(new(new ReadOnlySequence<byte>(Convert.FromBase64String(encoded))), headers);
            }

            return new(message.Subject, message.Seq, NatsMessageHeaders.Read(headers), message.Data);
        }
        catch (NatsJSApiException exception) when (exception.Error.ErrCode == MessageNotFound)
        {
            return null;
        }
    }

    /// <summary>For reading: at once or not at all.</summary>
    private Task<NatsSession> GetSessionAsync(CancellationToken cancellationToken) => connector.Problem is { } problem
        ? throw new BrokerUnavailableException($"NATS is not available: {problem}")
        : connector.GetAsync(cancellationToken);

    private async Task<T> AskAsync<T>(Func<INatsJSContext, Task<T>> ask, CancellationToken cancellationToken)
    {
        try
        {
            return await ask((await GetSessionAsync(cancellationToken)).JetStream);
        }
        catch (Exception exception) when (NatsTransport.IsConnectionProblem(exception, cancellationToken))
        {
            throw new BrokerUnavailableException($"NATS did not answer: {exception.Message}", exception);
        }
    }

    /// <summary>False for what would be another subject than meant, or several. There is no stream of such a name.</summary>
    private static bool IsName(string stream) =>
        stream.Length > 0 && stream.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_');

    private static string SubjectOf(string stream) => NatsNames.SubjectOf(Topic, stream);

    private static string Position(ulong sequence) => sequence.ToString(CultureInfo.InvariantCulture);

    private sealed record LogMessage(string Subject, ulong Sequence, IReadOnlyDictionary<string, string> Headers, ReadOnlyMemory<byte> Data);

    /// <param name="Version">The version of the last event, or 0.</param>
    /// <param name="Sequence">The sequence of the last message of the subject, event or not, or 0.</param>
    /// <param name="Event">The sequence of the last event, or null.</param>
    /// <param name="Mark">The mark in the last event.</param>
    private sealed record Head(long Version, ulong Sequence, ulong? Event, Mark? Mark)
    {
        /// <summary>The mark for the next event: the last one if its version is a round one, or the same as there.</summary>
        public Mark? NextMark => Event is { } sequence && Version % Mark.Interval == 0 ? new(Version, sequence) : Mark;
    }

    /// <summary>
    /// A server finds messages by sequence, not by version. So each event says where an earlier one stands, at most
    /// <see cref="Interval"/> before it, and that one again. Whoever has a snapshot then need not read the events before it.
    /// </summary>
    private sealed record Mark(long Version, ulong Sequence)
    {
        public const int Interval = 100;

        private const string Header = "event-mark";

        public static Mark? Read(IReadOnlyDictionary<string, string> headers) =>
            headers.TryGetValue(Header, out var text)
            && text.Split(' ') is [var version, var sequence]
            && long.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && ulong.TryParse(sequence, NumberStyles.None, CultureInfo.InvariantCulture, out var place)
                ? new(number, place)
                : null;

        public void WriteTo(NatsHeaders headers) => headers[Header] = string.Create(CultureInfo.InvariantCulture, $"{Version} {Sequence}");
    }

    [LoggerMessage(LogLevel.Warning, "Message {Sequence} of {Log} is no event, and is skipped")]
    private partial void LogNoEvent(ulong sequence, string log);

    [LoggerMessage(LogLevel.Debug, "The consumer {Name} could not be deleted; the server does so in five minutes")]
    private partial void LogNotDeleted(Exception exception, string name);
}
