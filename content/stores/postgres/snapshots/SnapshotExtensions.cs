using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Acme._1.EventStore;

public static class SnapshotExtensions
{
    /// <summary>Adds snapshots, in PostgreSQL.</summary>
    /// <exception cref="InvalidOperationException">The connection string is missing.</exception>
    public static void AddSnapshots(this IHostApplicationBuilder builder)
    {
        builder.AddEventDatabase(PostgresSnapshotStore.Schema);
        builder.Services.AddSingleton<ISnapshotStore, PostgresSnapshotStore>();
    }
}
