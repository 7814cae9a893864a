using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Acme._1.EventStore;

public static class SnapshotExtensions
{
    /// <summary>Adds the snapshots, in NATS.</summary>
    public static void AddSnapshots(this IHostApplicationBuilder builder) => builder.Services.AddSingleton<ISnapshotStore, NatsSnapshotStore>();
}
