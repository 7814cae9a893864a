using System.Collections.Concurrent;

namespace Acme._1.Consumer.Stores;

/// <summary>Lets one message at a time change a document.</summary>
internal sealed class MemoryLocks
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _held = new();

    /// <summary>Waits until nobody else holds it. Dispose of what this returns to let go.</summary>
    public async Task<IDisposable> TakeAsync(string document, CancellationToken cancellationToken)
    {
        var mine = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        while (_held.GetOrAdd(document, mine) is var holder && holder != mine)
        {
            await holder.Task.WaitAsync(cancellationToken);
        }

        return new Held(this, document, mine);
    }

    private sealed class Held(MemoryLocks locks, string document, TaskCompletionSource mine) : IDisposable
    {
        public void Dispose()
        {
            locks._held.TryRemove(document, out _);
            mine.SetResult();
        }
    }
}
