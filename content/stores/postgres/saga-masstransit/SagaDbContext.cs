using System.Data.Common;
using System.Text.Json;
using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Npgsql;

namespace Acme._1.Consumer.Stores;

/// <summary>The sagas, with MassTransit's inbox and outbox beside them: a saga, what it has seen and what it says are saved together.</summary>
internal sealed class SagaDbContext(DbContextOptions<SagaDbContext> options) : DbContext(options)
{
    private const string Table = "order_sagas";

    public DbSet<OrderState> Sagas => Set<OrderState>();

    /// <summary>Creates the tables. Change them with migrations once they hold what you want to keep.</summary>
    public static string Schema
    {
        get
        {
            using var context = new SagaDbContext(new DbContextOptionsBuilder<SagaDbContext>().UseNpgsql().Options);
            return $"""
                DO $tables$
                BEGIN
                IF to_regclass('{Table}') IS NULL THEN
                {context.Database.GenerateCreateScript()}
                END IF;
                END $tables$;
                """;
        }
    }

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.AddInboxStateEntity(inbox => inbox.ToTable("saga_inbox"));
        modelBuilder.AddOutboxStateEntity(outbox => outbox.ToTable("saga_outbox_state"));
        modelBuilder.AddOutboxMessageEntity(outbox => outbox.ToTable("saga_outbox"));
        modelBuilder.Entity<OrderState>(saga =>
        {
            saga.ToTable(Table);
            saga.HasKey(state => state.CorrelationId);
            saga.Property(state => state.CorrelationId).HasColumnName("correlation_id").ValueGeneratedNever();
            saga.Property(state => state.OrderId).HasColumnName("order_id");
            saga.Property(state => state.Sku).HasColumnName("sku");
            saga.Property(state => state.Quantity).HasColumnName("quantity");
            saga.Property(state => state.CurrentState).HasColumnName("current_state");
            saga.Property(state => state.Token).HasColumnName("token");
            saga.Property(state => state.DueAt).HasColumnName("due_at");
            saga.Property(state => state.ParkedAt).HasColumnName("parked_at");
            saga.Property(state => state.History).HasColumnName("history").HasColumnType("jsonb").HasConversion(
                history => JsonSerializer.Serialize(history, JsonSerializerOptions.Web),
                json => JsonSerializer.Deserialize<List<HistoryEntry>>(json, JsonSerializerOptions.Web)!,

                // A history is never changed, only replaced.
                new ValueComparer<IReadOnlyList<HistoryEntry>>((left, right) => ReferenceEquals(left, right), history => history.GetHashCode(), history => history));
            saga.HasIndex(state => state.DueAt).HasFilter("due_at IS NOT NULL");
            saga.HasIndex(state => state.ParkedAt).HasFilter("parked_at IS NOT NULL");
        });
    }
}

/// <summary>Sees to it that the tables exist, whoever comes first.</summary>
internal sealed class SchemaInterceptor(PostgresDatabase database) : DbConnectionInterceptor
{
    public override Task ConnectionOpenedAsync(
        DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default) =>
        database.EnsureSchemaAsync((NpgsqlConnection)connection, cancellationToken);
}
