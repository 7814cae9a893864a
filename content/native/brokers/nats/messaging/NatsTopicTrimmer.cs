using Acme._1.Contracts;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using NATS.Client.JetStream;

namespace Acme._1.Messaging.Nats;

/// <summary>
/// Removes from the topics what all who have subscribed are done with, so that they do not grow for ever. A stream with
/// interest retention would do that by itself, but was seen to forget what a subscriber had not had yet, when the server
/// (2.9.10) was killed.
/// </summary>
internal sealed partial class NatsTopicTrimmer(NatsConnector connector, TimeProvider clock, ILogger<NatsTopicTrimmer> logger) : BackgroundService
{
    private const int BatchSize = 256;
    private const int SequenceNotFound = 10043;
    private const int DeleteFailed = 10057;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    private readonly List<string> _streams =
    [
        .. MessageTypes.All
            .Select(type => type.Destination)
            .Where(destination => destination.Kind is DestinationKind.Topic && !KeptTopics.Contains(destination.Name))
            .Select(destination => NatsNames.StreamOf(destination.Name))
            .Distinct(),
    ];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (_streams.Count == 0)
        {
            return;
        }

        using var timer = new PeriodicTimer(Interval, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await TrimAllAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Nothing is lost: the next process trims.
        }
    }

    private async Task TrimAllAsync(CancellationToken cancellationToken)
    {
        var jetStream = (await connector.GetAsync(cancellationToken)).JetStream;
        foreach (var stream in _streams)
        {
            try
            {
                await TrimAsync(jetStream, stream, cancellationToken);
            }
            catch (Exception exception) when (NatsTransport.IsConnectionProblem(exception, cancellationToken))
            {
                LogNotTrimmed(exception, stream);
            }
        }
    }

    private static async Task TrimAsync(INatsJSContext jetStream, string stream, CancellationToken cancellationToken)
    {
        // Asked first: what comes afterwards is not touched.
        var state = (await jetStream.GetStreamAsync(stream, cancellationToken: cancellationToken)).Info.State;
        var done = state.LastSeq;
        await foreach (var consumer in jetStream.ListConsumersAsync(stream, cancellationToken))
        {
            // The floor of a consumer stays where its last message was, even if nothing behind it is for this consumer.
            if (consumer.Info is not { NumPending: 0, NumAckPending: 0 })
            {
                done = Math.Min(done, consumer.Info.AckFloor.StreamSeq);
            }
        }

        // One by one: a purge would make the server (2.9.10) forget what consumers have pending behind it.
        for (var sequence = state.FirstSeq; state.Messages > 0 && sequence <= done; sequence += BatchSize)
        {
            var last = Math.Min(done, sequence + BatchSize - 1);
            await Task.WhenAll(
                from offset in Enumerable.Range(0, (int)(last - sequence) + 1)
                select DeleteAsync(sequence + (ulong)offset));
        }

        async Task DeleteAsync(ulong sequence)
        {
            try
            {
                await jetStream.DeleteMessageAsync(stream, new() { Seq = sequence, NoErase = true }, cancellationToken);
            }
            catch (NatsJSApiException exception) when (exception.Error.ErrCode is SequenceNotFound or DeleteFailed)
            {
                // Another process trims too, and was first.
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "What everybody is done with could not be removed from {Stream}; the next try comes soon")]
    private partial void LogNotTrimmed(Exception exception, string stream);
}
