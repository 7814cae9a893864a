using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;

namespace Acme._1.Messaging.Nats;

/// <summary>
/// Puts a work queue and its consumer straight. There is nothing to do unless the server was killed. Then an older one
/// (2.9.10) may still hold messages that were acknowledged, and may wait for the acknowledgement of messages that are gone:
/// each of these costs the consumer a turn, again and again, and with a few dozen of them it delivers nothing any more.
/// </summary>
internal static class NatsLeftovers
{
    private const int NotFound = 404;
    private const int SequenceNotFound = 10043;
    private const int DeleteFailed = 10057;

    /// <summary>What is further behind is left alone, so that this takes no longer than a moment.</summary>
    private const ulong MaxGone = 100_000;

    public static async Task RemoveAsync(INatsJSContext jetStream, INatsJSConsumer consumer, CancellationToken cancellationToken)
    {
        var stream = await jetStream.GetStreamAsync(consumer.Info.StreamName, cancellationToken: cancellationToken);
        if (stream.Info.Config.Retention is not StreamConfigRetention.Workqueue)
        {
            return;
        }

        // Everything up to here was acknowledged. One by one: a purge would make the server (2.9.10) forget what the consumer
        // has pending behind it.
        var floor = consumer.Info.AckFloor.StreamSeq;
        var sequence = await FindAsync(stream, stream.Info.State.FirstSeq, cancellationToken);
        while (sequence <= floor)
        {
            await DeleteAsync(jetStream, consumer.Info.StreamName, sequence, cancellationToken);
            sequence = await FindAsync(stream, sequence + 1, cancellationToken);
        }

        if (consumer.Info.NumAckPending > 0)
        {
            await ForgetGoneAsync(jetStream, consumer, stream, floor + 1, cancellationToken);
        }
    }

    /// <summary>
    /// Acknowledges what was delivered and is not there any more. Out of a work queue nothing goes that was not acknowledged, or
    /// removed by hand.
    /// </summary>
    private static async Task ForgetGoneAsync(
        INatsJSContext jetStream, INatsJSConsumer consumer, INatsJSStream stream, ulong first, CancellationToken cancellationToken)
    {
        var end = Math.Min(consumer.Info.Delivered.StreamSeq + 1, first + MaxGone);
        for (var sequence = first; sequence < end; sequence++)
        {
            var present = await FindAsync(stream, sequence, cancellationToken);
            for (; sequence < Math.Min(present, end); sequence++)
            {
                // Where messages of this consumer are acknowledged. Of the last five tokens, the server needs the message's sequence.
                var subject = $"$JS.ACK.{consumer.Info.StreamName}.{consumer.Info.Name}.1.{sequence}.0.0.0";
                await jetStream.Connection.PublishAsync(subject, "+ACK"u8.ToArray(), cancellationToken: cancellationToken);
            }
        }
    }

    /// <summary>The sequence of the first message from here on.</summary>
    private static async Task<ulong> FindAsync(INatsJSStream stream, ulong sequence, CancellationToken cancellationToken)
    {
        try
        {
            return (await stream.GetAsync(new StreamMsgGetRequest { Seq = sequence, NextBySubj = ">" }, cancellationToken)).Message.Seq;
        }
        catch (NatsJSApiException exception) when (exception.Error.Code == NotFound)
        {
            return ulong.MaxValue;
        }
    }

    private static async Task DeleteAsync(INatsJSContext jetStream, string stream, ulong sequence, CancellationToken cancellationToken)
    {
        try
        {
            await jetStream.DeleteMessageAsync(stream, new() { Seq = sequence, NoErase = true }, cancellationToken);
        }
        catch (NatsJSApiException exception) when (exception.Error.ErrCode is SequenceNotFound or DeleteFailed)
        {
            // Another process does the same, and was first.
        }
    }
}
