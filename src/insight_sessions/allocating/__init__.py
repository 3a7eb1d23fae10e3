"""Who goes where: from people's wishes and free places to a proposal, with nothing of commands or stores."""
