using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;
using Acme._1.Contracts;
using Acme._1.EventStore;

namespace Acme._1.Producer;

/// <summary>
/// Keeps accounts with many events from being read event by event. No snapshot is ever needed: where there is none, or one that
/// this code has not written, or where they cannot be reached, the events say the same.
/// </summary>
public sealed partial class AccountSnapshots(ISnapshotStore snapshots, ILogger<AccountSnapshots> logger)
{
    /// <summary>Add one whenever <see cref="Account"/> changes, or the way it is made from events: old snapshots then count for nothing.</summary>
    public const int SchemaVersion = 1;

    /// <summary>An account gets a snapshot each time it has had so many events more.</summary>
    public const int Interval = 50;

    /// <summary>The account as of its last snapshot, or null.</summary>
    [SuppressMessage("Design", "CA1031", Justification = "Whatever is wrong with a snapshot, the events are right.")]
    public async Task<Account?> FindAsync(string id, CancellationToken cancellationToken)
    {
        try
        {
            var snapshot = await snapshots.FindAsync(Streams.OfAccount(id), cancellationToken);
            return snapshot is { SchemaVersion: SchemaVersion }
                && JsonSerializer.Deserialize(snapshot.State.Span, SnapshotJsonContext.Default.Account) is { } account
                && account.Version == snapshot.Version
                    ? account
                    : null;
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            LogNotRead(exception, id);
            return null;
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "The event is stored; whether there is a snapshot of it changes nothing.")]
    public async Task SaveWhenDueAsync(Account account, CancellationToken cancellationToken)
    {
        if (account.Version % Interval != 0)
        {
            return;
        }

        try
        {
            var state = JsonSerializer.SerializeToUtf8Bytes(account, SnapshotJsonContext.Default.Account);
            await snapshots.SaveAsync(new(Streams.OfAccount(account.Id), account.Version, SchemaVersion, state), cancellationToken);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            LogNotSaved(exception, account.Id);
        }
    }

    [LoggerMessage(LogLevel.Warning, "The snapshot of account {Id} could not be read; its events are")]
    private partial void LogNotRead(Exception exception, string id);

    [LoggerMessage(LogLevel.Warning, "The snapshot of account {Id} could not be saved; the next one may")]
    private partial void LogNotSaved(Exception exception, string id);

    [JsonSerializable(typeof(Account))]
    private sealed partial class SnapshotJsonContext : JsonSerializerContext;
}
