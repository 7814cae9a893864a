using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Microsoft.Extensions.Options;

namespace Acme._1.Messaging.Kafka;

/// <summary>
/// Knows whether anybody serves a queue: whether its consumer group has members. The topic keeps a request also when
/// nobody does, and the requester would wait for nothing.
/// </summary>
internal sealed class KafkaResponders(IAdminClient admin, IOptions<MessagingOptions> options, TimeProvider clock)
{
    /// <summary>That somebody does is believed for so long; then it is looked up again.</summary>
    private static readonly TimeSpan Believed = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Lookup> _lookups = [];

    /// <exception cref="BrokerUnavailableException">No broker knows the group.</exception>
    public Task<bool> AnyAsync(string queue, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!_lookups.TryGetValue(queue, out var lookup) || !IsFresh(lookup))
            {
                // One for all who ask meanwhile, so it ends by its own timeout and not with any of them.
                _lookups[queue] = lookup = new(LookUpAsync(queue), clock.GetTimestamp());
            }

            return lookup.HasMembers.WaitAsync(cancellationToken);
        }
    }

    private bool IsFresh(Lookup lookup) =>
        !lookup.HasMembers.IsCompleted
        || (lookup.HasMembers is { IsCompletedSuccessfully: true, Result: true } && clock.GetElapsedTime(lookup.Began) < Believed);

    private async Task<bool> LookUpAsync(string queue)
    {
        try
        {
            var found = await admin.DescribeConsumerGroupsAsync([queue], new DescribeConsumerGroupsOptions { RequestTimeout = options.Value.PublishTimeout });
            return found.ConsumerGroupDescriptions.Single().Members.Count > 0;
        }
        catch (DescribeConsumerGroupsException exception)
            when (exception.Results.ConsumerGroupDescriptions.Single().Error.Code is ErrorCode.GroupIdNotFound)
        {
            return false;
        }
        catch (KafkaException exception)
        {
            throw new BrokerUnavailableException($"Kafka did not say whether anybody answers: {exception.Error.Reason}", exception);
        }
    }

    private sealed record Lookup(Task<bool> HasMembers, long Began);
}
