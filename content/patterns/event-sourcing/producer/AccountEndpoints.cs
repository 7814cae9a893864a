using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Acme._1.EventStore;
using Acme._1.Messaging;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Acme._1.Producer;

public static class AccountEndpoints
{
    public static void MapAccountEndpoints(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/accounts/{id}", ShowAsync);
        routes.MapPost("/accounts/{id}/{what:regex(^(deposits|withdrawals)$)}", MoveMoneyAsync);
    }

    private static async Task<Results<Ok<AccountState>, ProblemHttpResult>> ShowAsync(
        string id, Accounts accounts, HttpContext http, CancellationToken cancellationToken)
    {
        var account = await accounts.LoadAsync(id, cancellationToken);
        if (account.Version == 0)
        {
            return TypedResults.Problem($"There is no account {id}.", statusCode: StatusCodes.Status404NotFound);
        }

        SetETag(http, account);
        return TypedResults.Ok(new AccountState(account.Id, account.Balance, account.Version));
    }

    private static async Task<Results<Ok<MoneyMoved>, ProblemHttpResult>> MoveMoneyAsync(
        [RegularExpression("[A-Za-z0-9_-]{1,100}", ErrorMessage = "The account's id must be 1 to 100 ASCII letters, digits, '-' and '_'.")]
        string id,
        string what,
        MoveMoney request,
        [FromHeader(Name = "If-Match")]
        [RegularExpression("\"[0-9]{1,18}\"", ErrorMessage = "If-Match must be a version in quotes, as ETag gave it.")]
        string? ifMatch,
        [FromHeader(Name = "Idempotency-Key")]
        [StringLength(200, MinimumLength = 1)]
        [RegularExpression("[!-~]+", ErrorMessage = "The Idempotency-Key must consist of printable ASCII characters.")]
        string? idempotencyKey,
        Accounts accounts,
        HttpContext http,
        CancellationToken cancellationToken)
    {
        AccountCommand command = what == "deposits" ? new Deposit(request.Amount) : new Withdrawal(request.Amount);
        long? expectedVersion = ifMatch is null ? null : long.Parse(ifMatch.AsSpan()[1..^1], NumberStyles.None, CultureInfo.InvariantCulture);

        // A client that repeats a request after a failure sends the same key, and gets the outcome of the first time.
        var eventId = idempotencyKey ?? Guid.CreateVersion7().ToString();
        try
        {
            var account = await accounts.ExecuteAsync(
                id, command, expectedVersion, eventId, mayBeRepeated: idempotencyKey is not null, cancellationToken);
            SetETag(http, account);
            return TypedResults.Ok(new MoneyMoved(account.Id, account.Balance, account.Version, eventId));
        }
        catch (WrongExpectedVersionException exception)
        {
            return TypedResults.Problem(exception.Message, title: "The account has changed", statusCode: StatusCodes.Status409Conflict);
        }
        catch (InsufficientFundsException exception)
        {
            return TypedResults.Problem(exception.Message, title: "Insufficient funds", statusCode: StatusCodes.Status422UnprocessableEntity);
        }
        catch (EventIdInUseException exception)
        {
            return TypedResults.Problem(
                exception.Message, title: "The Idempotency-Key was used for something else", statusCode: StatusCodes.Status422UnprocessableEntity);
        }
        catch (BrokerUnavailableException exception)
        {
            return TypedResults.Problem(exception.Message, title: "It was not confirmed", statusCode: StatusCodes.Status503ServiceUnavailable);
        }
    }

    private static void SetETag(HttpContext http, Account account) =>
        http.Response.Headers.ETag = $"\"{account.Version.ToString(CultureInfo.InvariantCulture)}\"";
}

/// <param name="Amount">How much.</param>
public sealed record MoveMoney([property: Required, Amount] decimal Amount);

/// <param name="Id">The account.</param>
/// <param name="Balance">What is in it.</param>
/// <param name="Version">How many events it has had; also in the header ETag, for If-Match.</param>
public sealed record AccountState(string Id, decimal Balance, long Version);

/// <param name="Id">The account.</param>
/// <param name="Balance">What was in it then.</param>
/// <param name="Version">The version that this made; also in the header ETag, for If-Match.</param>
/// <param name="EventId">The id of the event, and of the message that tells of it.</param>
public sealed record MoneyMoved(string Id, decimal Balance, long Version, string EventId);
