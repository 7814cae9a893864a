using System.Text.Json;
using NATS.Client.Core;
using NATS.Client.JetStream;

namespace Acme._1.Consumer.Stores;

/// <summary>Which generations of the balances there are: one key, whose revision decides between two that change it.</summary>
internal sealed class NatsBalanceGenerations(NatsBuckets buckets)
{
    private const string Key = "state";
    private const int MessageNotFound = 10037;

    private static readonly ProjectionState Beginning = new(Generation: 0, Rebuild: null);
    private static readonly NatsJsonContextSerializer<ProjectionState> Serializer = new(NatsBalanceJsonContext.Default);

    private INatsJSStream? _stream;

    /// <remarks>
    /// From the leader, while a bucket may be read from a replica that is a moment behind: a handler that did not know of a
    /// rebuild would leave its event out of the new generation.
    /// </remarks>
    public Task<(ProjectionState State, ulong Revision)> ReadAsync(CancellationToken cancellationToken) => buckets.TryAsync(async () =>
    {
        var bucket = await buckets.OpenAsync(NatsBalanceStore.Bucket, cancellationToken);
        _stream ??= await bucket.JetStreamContext.GetStreamAsync(NatsBalanceStore.StreamName, cancellationToken: cancellationToken);
        try
        {
            var found = (await _stream.GetAsync(new() { LastBySubj = NatsBalanceStore.SubjectOf(Key) }, cancellationToken)).Message;
            return (JsonSerializer.Deserialize(found.Data.Span, NatsBalanceJsonContext.Default.ProjectionState) ?? Beginning, found.Seq);
        }
        catch (NatsJSApiException exception) when (exception.Error.ErrCode == MessageNotFound)
        {
            return (Beginning, NatsKeyValueExtensions.NoRevision);
        }
    }, cancellationToken);

    /// <returns>False if it has been changed since this revision, and nothing was written.</returns>
    public Task<bool> ReplaceAsync(ProjectionState state, ulong revision, CancellationToken cancellationToken) => buckets.TryAsync(async () =>
    {
        var bucket = await buckets.OpenAsync(NatsBalanceStore.Bucket, cancellationToken);
        return await bucket.ReplaceAsync(Key, state, revision, Serializer, cancellationToken) != NatsKeyValueExtensions.NoRevision;
    }, cancellationToken);
}
