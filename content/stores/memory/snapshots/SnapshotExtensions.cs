using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Acme._1.EventStore;

public static class SnapshotExtensions
{
    /// <summary>Adds snapshots, in memory.</summary>
    public static void AddSnapshots(this IHostApplicationBuilder builder) =>
        builder.Services.AddSingleton<ISnapshotStore, MemorySnapshotStore>();
}
