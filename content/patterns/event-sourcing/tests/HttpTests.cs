using System.Net;
using System.Net.Http.Headers;
using System.Text;
using static Acme._1.Tests.AccountsClient;

namespace Acme._1.Tests;

/// <summary>The HTTP surface: what it refuses, and how it says so.</summary>
public sealed class HttpTests(ServiceFixture service)
{
    [Theory]
    [InlineData("{}", "amount")]
    [InlineData("""{"amount":0}""", "amount")]
    [InlineData("""{"amount":-1}""", "amount")]
    [InlineData("""{"amount":0.001}""", "amount")]
    [InlineData("""{"amount":1000000001}""", "amount")]
    [InlineData("""{"amount":"much"}""", "amount")]
    [InlineData("""{"amount":""", "")]
    [InlineData("", "")]
    public async Task An_invalid_body_is_a_400_that_says_what_is_wrong(string body, string mentions)
    {
        foreach (var what in new[] { "deposits", "withdrawals" })
        {
            using var content = new StringContent(body, Encoding.UTF8, "application/json");
            using var response = await service.Producer.PostAsync($"/accounts/{NewAccount()}/{what}", content, TestContext.Current.CancellationToken);

            await ShouldBeProblemAsync(response, HttpStatusCode.BadRequest, mentions);
        }
    }

    [Theory]
    [InlineData("a.b")]
    [InlineData("a%20b")]
    [InlineData("konto%C3%A4")]
    public async Task An_unusable_account_id_is_a_400(string account)
    {
        using var response = await service.Producer.PostMoneyAsync($"/accounts/{account}/deposits", new { amount = 1 });

        await ShouldBeProblemAsync(response, HttpStatusCode.BadRequest, "");
    }

    [Theory]
    [InlineData("*")]
    [InlineData("1")]
    [InlineData("\"one\"")]
    [InlineData("W/\"1\"")]
    public async Task An_unusable_If_Match_is_a_400(string ifMatch)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/accounts/{NewAccount()}/deposits")
        {
            Content = new StringContent("""{"amount":1}""", Encoding.UTF8, "application/json"),
        };
        request.Headers.TryAddWithoutValidation("If-Match", ifMatch).ShouldBeTrue();
        using var response = await service.Producer.SendAsync(request, TestContext.Current.CancellationToken);

        await ShouldBeProblemAsync(response, HttpStatusCode.BadRequest, "If-Match");
    }

    [Fact]
    public async Task Another_version_than_the_client_expects_is_a_409()
    {
        var account = NewAccount();
        (await service.Producer.DepositAsync(account, 10, ifMatch: 0)).Version.ShouldBe(1);
        (await service.Producer.WithdrawAsync(account, 4, ifMatch: 1)).ShouldSatisfyAllConditions(
            moved => moved.Version.ShouldBe(2),
            moved => moved.Balance.ShouldBe(6));

        foreach (var wrong in new[] { 0, 1, 3 })
        {
            using var response = await service.Producer.PostMoneyAsync($"/accounts/{account}/deposits", new { amount = 1 }, ifMatch: wrong);
            await ShouldBeProblemAsync(response, HttpStatusCode.Conflict, $"version {wrong}");
        }

        (await service.Producer.FindAccountAsync(account)).ShouldBe(new(account, 6, 2));
    }

    [Fact]
    public async Task More_than_there_is_is_a_422()
    {
        var account = NewAccount();
        await service.Producer.DepositAsync(account, 10);

        using var response = await service.Producer.PostMoneyAsync($"/accounts/{account}/withdrawals", new { amount = 10.01m });

        await ShouldBeProblemAsync(response, HttpStatusCode.UnprocessableEntity, "10.00");
        (await service.Producer.FindAccountAsync(account)).ShouldBe(new(account, 10, 1));
    }

    [Fact]
    public async Task The_idempotency_key_becomes_the_id_of_event_and_message()
    {
        var key = $"any-text:{Guid.NewGuid()}";
        var moved = await service.Producer.DepositAsync(NewAccount("permanent"), idempotencyKey: key);

        moved.EventId.ShouldBe(key);
        (await service.Consumer.WaitForDeadLetterAsync(key)).MessageId.ShouldBe(key);
    }

    [Fact]
    public async Task A_request_repeated_with_its_idempotency_key_has_one_effect_and_the_same_answer()
    {
        var account = NewAccount();
        var key = $"repeated-{Guid.NewGuid()}";
        await service.Producer.DepositAsync(account, 10);
        var first = await service.Producer.WithdrawAsync(account, 10, ifMatch: 1, idempotencyKey: key);
        await service.Producer.DepositAsync(account, 1);

        // Now there is less in it, and it has another version; the answer is that of the first time.
        (await service.Producer.WithdrawAsync(account, 10, ifMatch: 1, idempotencyKey: key)).ShouldBe(first);
        (await service.Producer.FindAccountAsync(account)).ShouldBe(new(account, 1, 3));
        (await service.Consumer.WaitForBalanceAsync(account, 3)).ShouldBe(new(account, 1, 3));
    }

    [Fact]
    public async Task Of_requests_with_the_same_idempotency_key_at_the_same_time_one_has_an_effect()
    {
        var account = NewAccount();
        var key = $"at-once-{Guid.NewGuid()}";

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => service.Producer.DepositAsync(account, 5, idempotencyKey: key)));

        answers.ShouldAllBe(answer => answer == new MoneyMoved(account, 5, 1, key));
        (await service.Producer.FindAccountAsync(account)).ShouldBe(new(account, 5, 1));
    }

    [Fact]
    public async Task An_idempotency_key_that_was_used_for_something_else_is_a_422()
    {
        var account = NewAccount();
        var moved = await service.Producer.DepositAsync(account, 5);

        using var response = await service.Producer.PostMoneyAsync($"/accounts/{account}/deposits", new { amount = 6 }, idempotencyKey: moved.EventId);

        await ShouldBeProblemAsync(response, HttpStatusCode.UnprocessableEntity, moved.EventId);
        (await service.Producer.FindAccountAsync(account)).ShouldBe(new(account, 5, 1));
    }

    [Fact]
    public async Task An_unusable_idempotency_key_is_a_400()
    {
        using var response = await service.Producer.PostMoneyAsync(
            $"/accounts/{NewAccount()}/deposits", new { amount = 1 }, idempotencyKey: new string('k', 201));

        await ShouldBeProblemAsync(response, HttpStatusCode.BadRequest, "");
    }

    [Fact]
    public async Task An_account_that_nothing_has_happened_to_is_a_404()
    {
        using var account = await service.Producer.GetAsync("/accounts/nobody", TestContext.Current.CancellationToken);
        await ShouldBeProblemAsync(account, HttpStatusCode.NotFound, "nobody");
        using var balance = await service.Consumer.GetAsync("/balances/nobody", TestContext.Current.CancellationToken);
        await ShouldBeProblemAsync(balance, HttpStatusCode.NotFound, "nobody");
    }

    [Theory]
    [InlineData("/health/live")]
    [InlineData("/health/ready")]
    public async Task Both_sides_report_their_health(string path)
    {
        (await service.Producer.GetAsync(path, TestContext.Current.CancellationToken)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await service.Consumer.GetAsync(path, TestContext.Current.CancellationToken)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    private static async Task ShouldBeProblemAsync(HttpResponseMessage response, HttpStatusCode status, string mentions)
    {
        var body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        response.StatusCode.ShouldBe(status, body);
        response.Content.Headers.ContentType.ShouldBe(new MediaTypeHeaderValue("application/problem+json"), body);
        body.ShouldContain(mentions, Case.Insensitive);
    }
}
